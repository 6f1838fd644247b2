"""The words an explanation is made of: method, question, unit, tolerance. Light: pages and queries read them."""

from enum import StrEnum

TOLERANCE = 1e-5  # of max(1, |f|): design page "Explanation engine", decision 1


class Method(StrEnum):
    TREE = "tree_quadrature"
    NATIVE = "catboost_native"
    LINEAR = "linear_closed_form"
    EXACT = "exact_enumeration"
    PERMUTATION = "antithetic_permutations"

    @property
    def agnostic(self) -> bool:
        """Whether the model is only asked, so that each row costs many answers."""
        return self in {Method.EXACT, Method.PERMUTATION}


class Question(StrEnum):
    PATH = "path_dependent"  # true to the data: absent features follow the training rows down the trees
    INTERVENTIONAL = "interventional"  # true to the model: absent features are drawn from the background


class Unit(StrEnum):
    MARGIN = "margin"  # log-odds, before the link
    PROBABILITY = "probability"
    VALUE = "value"  # the label's own unit
    LOG_VALUE = "log_value"  # logarithm of the label's unit: models with a log link


class Fallback(StrEnum):
    """Why an exact method for the model's family was not used."""

    MIXED_COLUMNS = "mixed_columns"  # a matrix column is fed by several source columns
    UNSUPPORTED = "unsupported"  # a variant the exact method does not read
    LINEAR_LEAVES = "linear_leaves"  # leaves hold linear models
    VECTOR_LEAVES = "vector_leaves"  # one leaf speaks of several outputs
    UNSAFE = "unsafe"  # the library's own answer to this question ends the process or is wrong
    GATE = "gate"  # the exact method's values did not add up to the model's output
