"""Dataverse's refusals: status, code and text, each in one place so that a client meets the real words.

The catalogue is the documented one; where only a code is known the text is the platform's own for that code.
"""

from __future__ import annotations


class DataverseError(Exception):
    """An answer that is a refusal. `headers` go on the answer (Retry-After)."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self) -> dict[str, object]:
        return {"error": {"code": self.code, "message": self.message}}


def not_simulated(what: str) -> DataverseError:
    """For everything this simulator does not do: loud, and never mistaken for an answer of Dataverse's own."""
    return DataverseError(501, "0x80040219", f"The sandbox does not simulate {what}.")


def invalid(message: str, code: str = "0x80040203", status: int = 400) -> DataverseError:
    return DataverseError(status, code, message)


def bad_payload(set_name: str, reason: str) -> DataverseError:
    return DataverseError(
        400,
        "0x80048d19",
        f"Error identified in Payload provided by the user for Entity :'{set_name}', For more information on this"
        " error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  "
        f"InnerException : {reason}",
    )


def unknown_property(table: str, name: str) -> DataverseError:
    text = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
    return DataverseError(400, "0x0", text)


def unknown_attribute(table: str, name: str) -> DataverseError:
    """FetchXML, SQL and QueryExpression say it so."""
    return DataverseError(400, "0x80041103", f"'{table}' entity doesn't contain attribute with Name = '{name}'.")


def unknown_segment(name: str) -> DataverseError:
    return DataverseError(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def no_record(table: str, row_id: str) -> DataverseError:
    """The record in the URL does not exist: the code really is an empty string."""
    return DataverseError(404, "", f"{table} With Id = {row_id} Does Not Exist")


def missing_target(table: str, row_id: str) -> DataverseError:
    return DataverseError(404, "0x80040217", f"{table} With Id = {row_id} Does Not Exist")


def no_record_for_key() -> DataverseError:
    return DataverseError(404, "0x80060891", "A record with the specified key values does not exist in entity")


def key_not_usable(table: str) -> DataverseError:
    text = f"The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{table}'."
    detail = " Ensure that the names and number of key properties match the declared or alternate key properties."
    return DataverseError(400, "0x80060890", text + detail)


def duplicate_id() -> DataverseError:
    return DataverseError(412, "0x80040237", "A record with matching key values already exists.")


def duplicate_key(label: str, table: str, key: str, columns: tuple[str, ...], existing: str) -> DataverseError:
    named = ", ".join(columns)
    text = (
        f"A record that has the attribute values {named} already exists. The entity key {label} requires that this"
        " set of attributes contains unique values. Select unique values and try again."
        f"<Entity><LogicalName>{table}</LogicalName><KeyName>{key}</KeyName><ExistingId>{existing}</ExistingId></Entity>"
    )
    return DataverseError(412, "0x80060892", text)


def version_mismatch() -> DataverseError:
    text = "The version of the existing record doesn't match the RowVersion property provided."
    return DataverseError(412, "0x80060882", text)


def too_long(table: str, column: str, limit: int) -> DataverseError:
    text = (
        f"A validation error occurred.  The length of the '{column}' attribute of the '{table}' entity exceeded the"
        f" maximum allowed length of '{limit}'."
    )
    return DataverseError(400, "0x80044331", text)


RANGE_CODES = {
    "Integer": "0x8004432f",
    "BigInt": "0x8004432f",
    "Decimal": "0x80044330",
    "Double": "0x80044330",
    "Money": "0x80040317",
}


def out_of_range(table: str, column: str, kind: str, value: object) -> DataverseError:
    text = (
        f"A validation error occurred.  The value {value} of '{column}' on record of type '{table}' is outside the"
        " valid range."
    )
    return DataverseError(400, RANGE_CODES[kind], text)


def not_an_option(table: str, column: str, value: object, accepted: list[int]) -> DataverseError:
    text = (
        f"A validation error occurred.  The value {value} of '{column}' on record of type '{table}' is outside the"
        f" valid range. Accepted Values: {','.join(map(str, accepted))}"
    )
    return DataverseError(400, "0x8004431a", text)


def wrong_status(status: object, state: str, table: str, row_id: str) -> DataverseError:
    text = f"{status} is not a valid status code for state code {state} on {table} with Id {row_id}."
    return DataverseError(400, "0x80048408", text)


def missing_privilege(user: str, privilege: str, table: str) -> DataverseError:
    text = (
        f"Principal user (Id={user}, type=8) is missing {privilege} privilege on entity '{table}'."
        f" context.Caller={user}"
    )
    return DataverseError(403, "0x80040220", text)


def method_not_allowed(method: str) -> DataverseError:
    text = f"The requested resource does not support http method '{method}'."
    return DataverseError(405, "0x0", text)
