"""Who may do what, as one table."""

import streamlit as st

from core.i18n import _
from core.platform.access.permissions import (
    MATRIX,
    NEVER_FOR_SERVICES,
    PERMISSION_NAMES,
    ROLE_NAMES,
    Permission,
    Role,
)


def permission_matrix() -> None:
    """Draw a row for each right and a column for each role, from the same table that commands read."""
    right = _("Right")
    service = _("Service token")
    rows: dict[str, list[str]] = {right: [], **{_(ROLE_NAMES[role]): [] for role in Role}, service: []}
    for permission in Permission:
        rows[right].append(_(PERMISSION_NAMES[permission]))
        for role in Role:
            rows[_(ROLE_NAMES[role])].append(_mark(permission in MATRIX[role]))
        rows[service].append(
            f":gray[{_('never')}]" if permission in NEVER_FOR_SERVICES else f":gray[{_('by its roles')}]"
        )
    st.table(rows, border="horizontal", hide_index=True, alt=_("Rights by role"))


def _mark(has: bool) -> str:
    return f":green[:material/check: {_('yes')}]" if has else ":gray[–]"
