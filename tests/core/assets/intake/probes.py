"""Tasks that misbehave on purpose; the runner under test imports this module before it forks."""


def answer_shape(model, frames, options):
    import numpy as np

    return {"values": np.zeros((3, 3))}, {}


def huge_facts(model, frames, options):
    return {}, {"text": "x" * 100_000}


def frame_facts(model, frames, options):
    return {}, {name: [str(t) for t in frame.dtypes] + [len(frame)] for name, frame in frames.items()}
