"""Settings: people and roles, rights, access tokens, webhooks, prediction logs, the system, one's own account."""

from typing import assert_never

import streamlit as st

from app.log_settings import log_settings
from app.notification_settings import notification_settings
from app.session import current, forget
from app.system_health import system_health
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.people_list import Change, people_list, person_form
from app.ui.permission_matrix import permission_matrix
from app.ui.refused import refusals
from app.ui.system_health import system_health_card
from app.ui.token_list import expiry, shown_once, token_form, token_list
from app.webhook_settings import webhook_settings
from app.wiring import reading, store, unit_of_work
from core.errors import Invalid
from core.i18n import N_, _, moment, number
from core.platform.access import commands, passwords, queries, reviewing, sign_in, ways_in
from core.platform.access.permissions import Permission, Role, allowed

me = current()
now = store().clock()
may_manage = allowed(me.actor, Permission.MANAGE_PEOPLE)
may_hold_tokens = allowed(me.actor, Permission.OWN_TOKENS)


def invitation(person_id: str) -> None:
    """Keep the invitation's link for one showing."""
    with unit_of_work(me.actor) as uow:
        secret = ways_in.invite(uow, person_id)
    root = store().settings.public_url.rstrip("/") or st.context.url.split("/settings")[0]
    st.session_state["shown_once"] = f"{root}/invitation?ticket={secret}"


def carry_out(change: Change) -> None:
    """Carry out what an administrator asked for."""
    match change.kind:
        case "invite":
            invitation(change.person_id)
        case "roles":
            with unit_of_work(me.actor) as uow:
                commands.set_roles(uow, change.person_id, change.roles)
        case "disable":
            with unit_of_work(me.actor) as uow:
                commands.disable_person(uow, change.person_id)
        case "enable":
            with unit_of_work(me.actor) as uow:
                commands.enable_person(uow, change.person_id)
        case "erase":
            with unit_of_work(me.actor) as uow:
                commands.erase_person(uow, change.person_id)
        case _:
            assert_never(change.kind)
    forget(change.person_id)


def change_password(old: str, new: str, again: str) -> None:
    """Change one's own password; every other session ends."""
    if new != again:
        raise Invalid(
            "password.differs", N_("The two passwords differ."), fix=N_("Type the same password twice.")
        )
    sign_in.confirm(store(), person_id=me.person.id, password=old, address=st.context.ip_address or "")
    protected = passwords.protect(new)
    with unit_of_work(me.actor) as uow:
        commands.change_password(uow, me.person.id, protected, keep_session=me.session_id)


with page_header(_("Settings")):
    pass

people_tab, rights_tab, tokens_tab, account_tab, told_tab, webhooks_tab, logs_tab, system_tab = st.tabs(
    [
        _("People"),
        _("Rights"),
        _("Access tokens"),
        _("My account"),
        _("Notifications"),
        _("Webhooks"),
        _("Prediction logs"),
        _("System"),
    ],
    default=_("Notifications") if st.query_params.get("tab") == "notifications" else None,
    on_change="rerun",
    key="settings",
)

if people_tab.open:
    with people_tab:
        with reading() as view:
            people = queries.people(view)
        link = st.session_state.pop("shown_once", None)
        if link:
            shown_once(
                link,
                title=_("Invitation"),
                hint=_("Give this link to the person. It works once, within a day, and is not shown again."),
            )
        with card(_("People and roles"), f":gray[{number(len(people))}]"), refusals():
            change = people_list(people, may_manage=may_manage)
            if change:
                carry_out(change)
                st.rerun()
        if may_manage:
            with card(_("Invite somebody")), refusals():
                new = person_form()
                if new:
                    with unit_of_work(me.actor) as uow:
                        added = commands.add_person(uow, name=new.name, email=new.email, roles=new.roles)
                    invitation(added)
                    st.rerun()

if rights_tab.open:
    with rights_tab, card(_("Who may do what"), f":gray[:small[{_('read by every command')}]]"):
        permission_matrix()
    with rights_tab, card(_("Access review")), refusals():
        with reading() as view:
            reviewed = queries.last_access_review(view)
        st.markdown(
            _("Last reviewed {when}.", when=moment(reviewed))
            if reviewed
            else _("Nobody has reviewed who may do what.")
        )
        if may_manage:
            with st.form("access_review", border=False):
                note = st.text_area(_("What you looked at, and what you changed"), max_chars=2_000)
                if st.form_submit_button(_("Record the review")):
                    with unit_of_work(me.actor) as uow:
                        reviewing.review_access(uow, note=note)
                    st.rerun()

if tokens_tab.open:
    with tokens_tab:
        with reading() as view:
            tokens = queries.tokens(view, me.person.id)
        with card(_("My access tokens"), f":gray[{number(len(tokens))}]"), refusals():
            gone = token_list(tokens, now)
            if gone:
                with unit_of_work(me.actor) as uow:
                    commands.revoke_token(uow, gone)
                st.rerun()
            if not tokens:
                empty(
                    _("No tokens"),
                    _("Programs reach Aval with a token: `aval push`, CI, or your own scripts."),
                )
        if may_hold_tokens:
            with card(_("New token")), refusals():
                wish = token_form(me.actor.roles, [role.value for role in Role], may_make_services=may_manage)
                if wish:
                    with unit_of_work(me.actor) as uow:
                        token_id, secret = commands.create_token(
                            uow,
                            label=wish.label,
                            roles=wish.roles,
                            expires_at=expiry(now, wish.days),
                            kind=wish.kind,
                        )
                    shown_once(
                        secret, title=_("Your new token"), hint=_("Copy it now: it is not shown again.")
                    )

if account_tab.open:
    with (
        account_tab,
        card(_("Password")),
        refusals(),
        st.form("password", border=False, clear_on_submit=True),
    ):
        old = st.text_input(_("Present password"), type="password", autocomplete="current-password")
        new_one = st.text_input(_("New password"), type="password", autocomplete="new-password")
        again = st.text_input(_("New password, once more"), type="password", autocomplete="new-password")
        if st.form_submit_button(_("Change the password"), type="primary"):
            change_password(old, new_one, again)
            st.success(_("Changed. Every other session of yours has ended."))

if told_tab.open:
    with told_tab:
        notification_settings(me.actor)

if webhooks_tab.open:
    with webhooks_tab:
        webhook_settings(me.actor)

if logs_tab.open:
    with logs_tab:
        log_settings(me.actor)

if system_tab.open:
    with system_tab, card(_("System")):
        system_health_card(system_health())
