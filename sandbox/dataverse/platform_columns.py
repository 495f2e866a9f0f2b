"""The columns Dataverse itself adds to every table: who, when, whose, in which state, at which exchange rate.

Apart because standard and custom tables get them by the same rule, and only the rule may differ from Dataverse's.
"""

from __future__ import annotations

from dataclasses import dataclass

from .columns import Column, Kind, Option, Relationship, label, stable_id

INT_MIN, INT_MAX = -2147483648, 2147483647
BIG = 9223372036854775807


@dataclass(frozen=True)
class Addition:
    """Columns and the relationships their lookups need."""

    columns: tuple[Column, ...]
    relationships: tuple[Relationship, ...] = ()


def _column(table: str, schema_name: str, kind: Kind, text: str, **more: object) -> Column:
    named: dict[str, object] = {"labels": label(text), **more}
    return Column(schema_name, kind, stable_id(table, schema_name.lower()), **named)  # type: ignore[arg-type]


def _lookup(
    table: str, schema_name: str, text: str, target: str, relationship: str, *, writable: bool = False
) -> Addition:
    column = _column(table, schema_name, Kind.LOOKUP, text, targets=(target,), creatable=writable, updatable=writable)
    name = column.logical_name
    link = Relationship(
        relationship, stable_id("relationship", relationship), target, table, name, name, relationship, "NoCascade"
    )
    return Addition((column,), (link,))


def _joined(additions: list[Addition]) -> Addition:
    return Addition(
        tuple(column for addition in additions for column in addition.columns),
        tuple(link for addition in additions for link in addition.relationships),
    )


def record_columns(table: str) -> Addition:
    """Who made and changed the row and when; `overriddencreatedon` is written once, at create."""
    read_only = {"creatable": False, "updatable": False}
    moments = Addition(
        (
            _column(
                table,
                "CreatedOn",
                Kind.DATETIME,
                "Created On",
                behaviour="UserLocal",
                format="DateAndTime",
                **read_only,
            ),
            _column(
                table,
                "ModifiedOn",
                Kind.DATETIME,
                "Modified On",
                behaviour="UserLocal",
                format="DateAndTime",
                **read_only,
            ),
            _column(
                table,
                "OverriddenCreatedOn",
                Kind.DATETIME,
                "Record Created On",
                behaviour="UserLocal",
                format="DateOnly",
                updatable=False,
            ),
            _column(
                table,
                "ImportSequenceNumber",
                Kind.INTEGER,
                "Import Sequence Number",
                minimum=INT_MIN,
                maximum=INT_MAX,
                updatable=False,
            ),
            _column(table, "VersionNumber", Kind.BIGINT, "Version Number", minimum=-BIG, maximum=BIG, **read_only),
            _column(
                table,
                "TimeZoneRuleVersionNumber",
                Kind.INTEGER,
                "Time Zone Rule Version Number",
                minimum=-1,
                maximum=INT_MAX,
            ),
            _column(
                table,
                "UTCConversionTimeZoneCode",
                Kind.INTEGER,
                "UTC Conversion Time Zone Code",
                minimum=-1,
                maximum=INT_MAX,
            ),
        )
    )
    people = [
        _lookup(table, name, text, "systemuser", f"lk_{table}_{name.lower()}")
        for name, text in (
            ("CreatedBy", "Created By"),
            ("ModifiedBy", "Modified By"),
            ("CreatedOnBehalfBy", "Created By (Delegate)"),
            ("ModifiedOnBehalfBy", "Modified By (Delegate)"),
        )
    ]
    return _joined([moments, *people])


def ownership_columns(table: str) -> Addition:
    """An owner is a user or a team; the three others follow from it."""
    owner = _column(table, "OwnerId", Kind.OWNER, "Owner", targets=("systemuser", "team"), required="SystemRequired")
    name = f"owner_{table}"
    link = Relationship(name, stable_id("relationship", name), "owner", table, "ownerid", "ownerid", name, "NoCascade")
    return _joined(
        [
            Addition((owner,), (link,)),
            _lookup(table, "OwningBusinessUnit", "Owning Business Unit", "businessunit", f"business_unit_{table}"),
            _lookup(table, "OwningUser", "Owning User", "systemuser", f"user_{table}"),
            _lookup(table, "OwningTeam", "Owning Team", "team", f"team_{table}"),
        ]
    )


def state_columns(table: str, states: tuple[Option, ...], statuses: tuple[Option, ...]) -> Addition:
    """`statecode` is not valid for create: a row always begins in the first state."""
    return Addition(
        (
            _column(
                table,
                "StateCode",
                Kind.STATE,
                "Status",
                options=states,
                creatable=False,
                default=None,
                required="SystemRequired",
            ),
            _column(table, "StatusCode", Kind.STATUS, "Status Reason", options=statuses),
        )
    )


def active_states(table: str) -> Addition:
    """What every custom table starts with."""
    return state_columns(
        table,
        (Option(0, label("Active"), default_status=1), Option(1, label("Inactive"), default_status=2)),
        (Option(1, label("Active"), state=0), Option(2, label("Inactive"), state=1)),
    )


def currency_columns(table: str) -> Addition:
    """Come with the first money column of a table."""
    rate = _column(
        table,
        "ExchangeRate",
        Kind.DECIMAL,
        "Exchange Rate",
        minimum=1e-12,
        maximum=1e11,
        precision=12,
        creatable=False,
        updatable=False,
    )
    currency = _lookup(
        table, "TransactionCurrencyId", "Currency", "transactioncurrency", f"transactioncurrency_{table}", writable=True
    )
    return _joined([Addition((rate,)), currency])


def base_amount(table: str, money: Column) -> Column:
    """The organisation-currency twin of a money column."""
    text = (money.labels[0][1] if money.labels else money.schema_name) + " (Base)"
    return _column(
        table,
        f"{money.schema_name}_Base",
        Kind.MONEY,
        text,
        minimum=-922337203685477.0,
        maximum=922337203685477.0,
        precision=4,
        precision_source=2,
        creatable=False,
        updatable=False,
        custom=money.custom,
    )


def file_name_column(table: str, file: Column) -> Column:
    return _column(
        table,
        f"{file.schema_name}_Name",
        Kind.STRING,
        "",
        max_length=200,
        creatable=False,
        updatable=False,
        custom=file.custom,
        attribute_of=file.logical_name,
    )


def image_columns(table: str, image: Column) -> tuple[Column, ...]:
    """An image column also shows a timestamp, a URL and its id. Only the id is simulated; the rest stay null."""
    return (
        _column(
            table,
            f"{image.schema_name}Id",
            Kind.GUID,
            "",
            creatable=False,
            updatable=False,
            custom=image.custom,
            attribute_of=image.logical_name,
        ),
        _column(
            table,
            f"{image.schema_name}_URL",
            Kind.STRING,
            "",
            max_length=200,
            creatable=False,
            updatable=False,
            custom=image.custom,
            attribute_of=image.logical_name,
        ),
    )
