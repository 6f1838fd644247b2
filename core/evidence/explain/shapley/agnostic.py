"""Interventional Shapley values of any score, from predictions alone.

Up to EXACT_PLAYERS players every coalition is enumerated; beyond, antithetic pairs of permutations are drawn
(Mitchell et al. 2022, "Sampling permutations for Shapley value estimation"). Coalitions are shared by all rows, and
rows × coalitions × background travel in few vectorised predictions.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Score = Callable[[pd.DataFrame], Floats]
Progress = Callable[[float], None]

EXACT_PLAYERS = 12
BATCH = 60_000  # rows of one prediction: bounds the memory of the mixed frame


@dataclass(frozen=True, slots=True)
class Game:
    """Coalition masks (coalitions × players) and how their values combine into Shapley values."""

    masks: NDArray[np.bool_]
    combine: Floats  # (draws, players, coalitions): one estimate of φ per draw
    exact: bool


@dataclass(frozen=True, slots=True)
class Estimated:
    """Values (rows × players), base, and the standard error per value (zeros when exact)."""

    values: Floats
    base: float
    errors: Floats
    exact: bool


def enumeration(players: int) -> Game:
    """All 2^players coalitions with Shapley's weights |S|! (M−|S|−1)! / M!."""
    masks = np.array(list(itertools.product((False, True), repeat=players)), np.bool_).reshape(-1, players)
    sizes = masks.sum(axis=1)
    weight = np.array(
        [
            math.factorial(s) * math.factorial(players - s - 1) / math.factorial(players)
            for s in range(players)
        ]
        or [0.0]
    )
    joined = weight[np.maximum(sizes - 1, 0)]  # weight of the coalition without the player
    apart = weight[np.minimum(sizes, max(players - 1, 0))]
    combine = np.where(masks.T, joined, -apart)
    return Game(masks, combine[None], exact=True)


def permutations(players: int, pairs: int, seed: int) -> Game:
    """`pairs` random orders, each with its reverse; a pair is one estimate, pairs give the standard error."""
    rng = np.random.default_rng(seed)
    index: dict[bytes, int] = {}
    found: list[NDArray[np.bool_]] = []
    steps: list[tuple[int, int, int, int]] = []

    def place(mask: NDArray[np.bool_]) -> int:
        key = mask.tobytes()
        if key not in index:
            index[key] = len(found)
            found.append(mask.copy())
        return index[key]

    for pair in range(pairs):
        order = rng.permutation(players)
        for direction in (order, order[::-1]):
            mask = np.zeros(players, np.bool_)
            before = place(mask)
            for player in direction:
                mask[player] = True
                after = place(mask)
                steps.append((pair, int(player), before, after))
                before = after
    combine = np.zeros((pairs, players, len(found)))
    for pair, player, before, after in steps:
        combine[pair, player, after] += 0.5
        combine[pair, player, before] -= 0.5
    return Game(np.array(found), combine, exact=False)


def mixed(rows: pd.DataFrame, background: pd.DataFrame, masks: NDArray[np.bool_]) -> pd.DataFrame:
    """Each row under each coalition over each background row: the row's values where the mask is on."""
    both = pd.concat([rows, background], ignore_index=True)
    own = np.repeat(np.arange(len(rows)), len(masks) * len(background))
    other = np.tile(len(rows) + np.arange(len(background)), len(rows) * len(masks))
    columns = {}
    for position, name in enumerate(both.columns):
        on = np.tile(np.repeat(masks[:, position], len(background)), len(rows))
        columns[name] = both.iloc[:, position].array.take(np.where(on, own, other))
    return pd.DataFrame(columns, copy=False)


def attribute(
    score: Score, rows: pd.DataFrame, background: pd.DataFrame, game: Game, progress: Progress | None = None
) -> Estimated:
    """Shapley values of `score` for each row against the background; columns of the frames are the players."""
    n, players = rows.shape
    values, errors = np.zeros((n, players)), np.zeros((n, players))
    draws = len(game.combine)
    base = float(np.mean(score(background)))
    per_row = len(game.masks) * len(background)
    step = max(1, BATCH // per_row)
    masks_at_once = max(1, BATCH // len(background))
    for first in range(0, n, step):
        block = rows.iloc[first : first + step]
        parts = [
            score(mixed(block, background, game.masks[a : a + masks_at_once]))
            .reshape(len(block), -1, len(background))
            .mean(axis=2)
            for a in range(0, len(game.masks), masks_at_once)
        ]
        coalition = np.concatenate(parts, axis=1)
        estimates = np.einsum("dpc,rc->drp", game.combine, coalition)
        values[first : first + step] = estimates.mean(axis=0)
        if draws > 1:
            errors[first : first + step] = estimates.std(axis=0, ddof=1) / math.sqrt(draws)
        if progress:
            progress(min(n, first + step) / n)
    return Estimated(values, base, errors, game.exact)
