"""A seat lent to another person until a day: when it counts, and for whom never."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delegation:
    """`delegate_id` may sign for `area` in place of `person_id`, from `starts_at` to `ends_at`."""

    id: str
    person_id: str
    delegate_id: str
    area: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it counts at `now`."""
        return self.starts_at <= now < self.ends_at and (self.ended_at is None or now < self.ended_at)


def lent(
    delegations: Sequence[Delegation],
    delegate_id: str,
    *,
    barred: Collection[str],
    signed: Collection[str],
    now: datetime,
) -> tuple[Delegation, ...]:
    """Return the seats that `delegate_id` may take now.

    A barred person neither signs nor lends, so an author's friend gains nothing; who has signed has no seat
    left to lend. `barred` and `signed` are person ids of one round.
    """
    if delegate_id in barred:
        return ()
    return tuple(
        d
        for d in delegations
        if d.delegate_id == delegate_id
        and d.holds(now)
        and d.person_id not in barred
        and d.person_id not in signed
    )
