"""What a new organisation holds before anybody writes: unit, currency, roles, users, publishers, messages.

Ids are functions of names, so two new organisations are alike and tests may name what they find.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .columns import TableSchema, stable_id
from .people import ADMIN_ROLE, MIGRATION_ROLE, SALES_GAPS, SALES_ROLE, Caller, user_row
from .securing import SYSTEM_PROFILE
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation

SYSTEM_USER = stable_id("user", "SYSTEM")
BUSINESS_UNIT = stable_id("businessunit", "sandbox")
AUSTRALIAN_DOLLAR = stable_id("currency", "AUD")
DEFAULT_APPLICATION = stable_id("application", "any")
BLOCKED = (
    "ade;adp;app;asa;ashx;asmx;asp;bas;bat;cdx;cer;chm;class;cmd;com;config;cnt;cpl;crt;csh;der;dll;exe;fxp;hlp;hta;htr;"
    "htw;ida;idc;idq;inf;ins;isp;its;jar;js;jse;ksh;lnk;mad;maf;mag;mam;maq;mar;mas;mat;mau;mav;maw;mda;mdb;mde;mdt;mdw;"
    "mdz;mht;mhtml;msc;msh;msh1;msh1xml;msh2;msh2xml;mshxml;msi;msp;mst;ops;pcd;pif;prf;prg;printer;ps1;ps1xml;ps2;ps2xml;"
    "psc1;psc2;pst;reg;rem;scf;scr;sct;shb;shs;shtm;shtml;soap;stm;svg;tmp;url;vb;vbe;vbs;vsix;ws;wsc;wsf;wsh"
)
MESSAGES = ("Create", "Update", "Delete", "Retrieve", "RetrieveMultiple", "CreateMultiple", "UpdateMultiple")


def seed(org: Organisation, *, users: Iterable[dict[str, Any]], privileges_missing: Iterable[str]) -> None:
    """Fill a new organisation; for one with a memory only add what `users` and `privileges_missing` say."""
    if not org.store("organization").rows:
        org.set_setting("system_user", SYSTEM_USER)
        org.set_setting("business_unit", BUSINESS_UNIT)
        org.set_setting("base_currency", AUSTRALIAN_DOLLAR)
        with org.work(Caller(SYSTEM_USER, SYSTEM_USER)) as work:
            _first_rows(work)
            for table in org.catalogue.tables.values():
                register_messages(work, table)
    gaps = org.settings.get("role_gaps", {})
    org.people.set_gaps({role: frozenset(names) for role, names in gaps.items()})
    if org.people.role_named(SALES_ROLE) not in org.people.role_gaps:
        set_role_gaps(org, SALES_ROLE, SALES_GAPS)
    missing = [name.strip() for name in privileges_missing if name.strip()]
    if missing:
        set_role_gaps(org, MIGRATION_ROLE, missing)
    for user in users:
        add_user(org, user)
    org.flush()


def set_role_gaps(org: Organisation, role_name: str, missing: Iterable[str]) -> str:
    """Make a role lack these privileges (all others it has); a role not seen before is made. Answers its id."""
    role_id = org.people.role_named(role_name) or _add_role(org, role_name)
    lacking = frozenset(name.lower() for name in missing)
    org.people.set_gaps({**org.people.role_gaps, role_id: lacking})
    org.set_setting("role_gaps", {role: sorted(names) for role, names in org.people.role_gaps.items()})
    org.flush()
    return role_id


def add_user(org: Organisation, document: dict[str, Any]) -> str:
    """Add or replace a user; the shape is `people.user_row`'s with `roles`, a list of names (migration by default)."""
    with org.work(org.system_caller()) as work:
        row = user_row(document, business_unit=BUSINESS_UNIT, now=work.now)
        user_id = row["systemuserid"]
        before = org.store("systemuser").rows.get(user_id, {})
        kept = {"@n": before["@n"]} if before else {}
        _put(work, "systemuser", user_id, {**row, **kept})
        for link in org.store("systemuserroles").having("systemuserid", user_id):
            work.transaction.put("systemuserroles", link["systemuserrolesid"], None)
        for name in document.get("roles", [MIGRATION_ROLE]):
            role_id = org.people.role_named(name) or _add_role(org, name)
            link_id = stable_id("systemuserroles", user_id, role_id)
            _put(
                work,
                "systemuserroles",
                link_id,
                {"systemuserrolesid": link_id, "systemuserid": user_id, "roleid": role_id},
            )
    return str(user_id)


def _add_role(org: Organisation, name: str) -> str:
    role_id = stable_id("role", name)
    with org.work(org.system_caller()) as work:
        _put(work, "role", role_id, {"roleid": role_id, "name": name, "businessunitid": BUSINESS_UNIT})
    return role_id


def _put(work: Work, table: str, row_id: str, row: dict[str, Any]) -> None:
    stamped = {
        "createdon": work.now,
        "modifiedon": work.now,
        "createdby": SYSTEM_USER,
        "modifiedby": SYSTEM_USER,
        **row,
        "versionnumber": work.org.next_version(),
    }
    work.transaction.put(table, row_id, stamped)


def _first_rows(work: Work) -> None:
    _put(work, "businessunit", BUSINESS_UNIT, {"businessunitid": BUSINESS_UNIT, "name": "sandbox", "isdisabled": False})
    _put(
        work,
        "transactioncurrency",
        AUSTRALIAN_DOLLAR,
        {
            "transactioncurrencyid": AUSTRALIAN_DOLLAR,
            "currencyname": "Australian Dollar",
            "isocurrencycode": "AUD",
            "currencysymbol": "$",
            "currencyprecision": 2,
            "exchangerate": 1.0,
            "statecode": 0,
            "statuscode": 1,
        },
    )
    organisation = stable_id("organization", "sandbox")
    _put(
        work,
        "organization",
        organisation,
        {
            "organizationid": organisation,
            "name": "sandbox",
            "friendlyname": "Sandbox",
            "maxuploadfilesize": 5242880,
            "blockedattachments": BLOCKED,
            "languagecode": 1033,
            "localeid": 3081,
            "isauditenabled": False,
            "pricingdecimalprecision": 2,
            "schemanameprefix": "new",
            "basecurrencyid": AUSTRALIAN_DOLLAR,
        },
    )
    for role in (MIGRATION_ROLE, ADMIN_ROLE, SALES_ROLE):
        role_id = stable_id("role", role)
        _put(work, "role", role_id, {"roleid": role_id, "name": role, "businessunitid": BUSINESS_UNIT})
    system = user_row(
        {"systemuserid": SYSTEM_USER, "fullname": "SYSTEM", "licensed": True}, business_unit=BUSINESS_UNIT, now=work.now
    )
    _put(work, "systemuser", SYSTEM_USER, system)
    _link(work, "systemuserroles", "systemuser", SYSTEM_USER, stable_id("role", ADMIN_ROLE))
    team = stable_id("team", "sandbox")
    _put(
        work,
        "team",
        team,
        {
            "teamid": team,
            "name": "sandbox",
            "teamtype": 0,
            "isdefault": True,
            "businessunitid": BUSINESS_UNIT,
            "administratorid": SYSTEM_USER,
        },
    )
    _link(work, "teamroles", "team", team, stable_id("role", MIGRATION_ROLE))
    _put(
        work,
        "fieldsecurityprofile",
        SYSTEM_PROFILE,
        {"fieldsecurityprofileid": SYSTEM_PROFILE, "name": ADMIN_ROLE, "description": "Full access."},
    )
    _publishers(work)


def _link(work: Work, intersect: str, kind: str, holder: str, role: str) -> None:
    link = stable_id(intersect, holder, role)
    _put(work, intersect, link, {f"{intersect}id": link, f"{kind}id": holder, "roleid": role})


def _publishers(work: Work) -> None:
    publisher = stable_id("publisher", "sandbox")
    _put(
        work,
        "publisher",
        publisher,
        {
            "publisherid": publisher,
            "friendlyname": "Default Publisher",
            "uniquename": "DefaultPublishersandbox",
            "customizationprefix": "new",
            "customizationoptionvalueprefix": 10000,
        },
    )
    for unique, friendly in (("Default", "Default Solution"), ("Cr_default", "Common Data Services Default Solution")):
        solution = stable_id("solution", unique)
        _put(
            work,
            "solution",
            solution,
            {
                "solutionid": solution,
                "uniquename": unique,
                "friendlyname": friendly,
                "version": "1.0",
                "ismanaged": False,
                "isvisible": True,
                "installedon": work.now,
                "publisherid": publisher,
            },
        )


def register_messages(work: Work, table: TableSchema) -> None:
    """Rows of `sdkmessagefilter`: which bulk messages a table has. UpsertMultiple has no row of its own."""
    for name in MESSAGES:
        if name.endswith("Multiple") and name != "RetrieveMultiple" and name not in table.messages:
            continue
        message = stable_id("sdkmessage", name)
        if not work.org.row_exists("sdkmessage", message):
            _put(work, "sdkmessage", message, {"sdkmessageid": message, "name": name, "isprivate": False})
        found = stable_id("sdkmessagefilter", name, table.logical_name)
        _put(
            work,
            "sdkmessagefilter",
            found,
            {
                "sdkmessagefilterid": found,
                "sdkmessageid": message,
                "name": f"{name} of {table.logical_name}",
                "primaryobjecttypecode": table.logical_name,
                "secondaryobjecttypecode": "none",
            },
        )


def forget_messages(work: Work, table: TableSchema) -> None:
    for row in work.org.store("sdkmessagefilter").having("primaryobjecttypecode", table.logical_name):
        work.transaction.put("sdkmessagefilter", row["sdkmessagefilterid"], None)


def application_user(org: Organisation, appid: str, *, object_id: str | None = None) -> str:
    """The user of an app registration, made at its first token."""
    found = org.people.by_application(appid)
    if found is not None:
        return str(found["systemuserid"])
    return add_user(
        org,
        {
            "systemuserid": stable_id("applicationuser", appid),
            "fullname": f"# application {appid[:8]}",
            "internalemailaddress": f"{appid}@sandbox.example",
            "applicationid": appid,
            "azureactivedirectoryobjectid": object_id,
            "roles": [MIGRATION_ROLE],
        },
    )
