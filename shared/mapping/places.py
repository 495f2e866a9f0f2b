"""The default place of every field we know, as data: the part of the map that is not up for guessing.

``@Name`` is a custom column under the publisher's prefix (``@SourceId`` becomes ``bw_sourceid``). Display names keep
the words of the practice. Each line is: source field, target column, transform, kind, label.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.schema.model import Kind

Line = tuple[str, str, str, Kind, str]

STANDARD_LENGTHS = {
    "account": {"name": 160, "telephone1": 50, "fax": 50, "emailaddress1": 100},
    "contact": {
        "salutation": 100, "firstname": 50, "middlename": 50, "lastname": 50, "nickname": 50, "jobtitle": 100,
        "emailaddress1": 100, "mobilephone": 50, "telephone1": 50, "telephone2": 50,
    },
}  # fmt: skip
"""Characters the standard columns hold (the Web API's entity reference); the live metadata has the last word."""
ADDRESS_LENGTHS = {
    "address1_line1": 250, "address1_line2": 250, "address1_city": 80, "address1_stateorprovince": 50,
    "address1_postalcode": 20, "address1_country": 80,
}  # fmt: skip

GOVERNMENT_IDS = frozenset({"medicare_number"})

ADDRESS: tuple[Line, ...] = (
    ("address_line1", "address1_line1", "text", Kind.TEXT, "Street 1"),
    ("address_line2", "address1_line2", "text", Kind.TEXT, "Street 2"),
    ("suburb", "address1_city", "text", Kind.TEXT, "City"),
    ("state", "address1_stateorprovince", "text", Kind.TEXT, "State"),
    ("postcode", "address1_postalcode", "text", Kind.TEXT, "Postal code"),
    ("country", "address1_country", "text", Kind.TEXT, "Country"),
)
TIMES: tuple[Line, ...] = (
    ("created_at", "createdon", "instant", Kind.INSTANT, "Created on"),
    ("created_at", "@SourceCreatedOn", "instant", Kind.INSTANT, "Created in source on"),
    ("updated_at", "@SourceModifiedOn", "instant", Kind.INSTANT, "Modified in source on"),
)
IDENTITY: tuple[Line, ...] = (("id", "@SourceId", "source_key", Kind.TEXT, "Source id"),)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one object goes by default. ``lookups``: source field, column, object it refers to, label."""

    object: str
    table: str
    wave: int
    cardinality: str
    why: str
    lines: tuple[Line, ...]
    lookups: tuple[tuple[str, str, tuple[str, ...], str], ...] = ()
    owner_from: str = ""
    state_from: str = ""
    active_values: tuple[str, ...] = ("true",)
    constants: tuple[tuple[str, str, str], ...] = ()


ACCOUNT_KIND = "@AccountKind"
CONTACT_ROLE = "@Role"

PLACEMENTS: tuple[Placement, ...] = (
    Placement(
        "defaults", "account", 0, "one per run", "Patients without an organisation still need an account (A5).",
        lines=(*IDENTITY, ("name", "name", "text", Kind.TEXT, "Account name")),
        constants=((ACCOUNT_KIND, "Account kind", "Individual Patient"),),
    ),
    Placement(
        "locations", "account", 0, "one to one", "A practice location is an organisation with an address (A30).",
        lines=(
            *IDENTITY,
            ("name", "name", "text", Kind.TEXT, "Account name"),
            ("phone", "telephone1", "text", Kind.TEXT, "Main phone"),
            ("email", "emailaddress1", "text", Kind.TEXT, "E-mail"),
            ("timezone", "@TimeZone", "text", Kind.TEXT, "Time zone"),
            *ADDRESS, *TIMES,
        ),
        state_from="active",
        constants=((ACCOUNT_KIND, "Account kind", "Practice Location"),),
    ),
    Placement(
        "referrers", "account", 0, "one per organisation", "A referring practice becomes an account, once (R38, R41).",
        lines=(
            *IDENTITY,
            ("practice_name", "name", "text", Kind.TEXT, "Account name"),
            ("contact_name", "@ContactName", "text", Kind.TEXT, "Contact name"),
            ("phone", "telephone1", "text", Kind.TEXT, "Main phone"),
            ("fax", "fax", "text", Kind.TEXT, "Fax"),
            ("email", "emailaddress1", "text", Kind.TEXT, "E-mail"),
            *ADDRESS, *TIMES,
        ),
        state_from="active",
        constants=((ACCOUNT_KIND, "Account kind", "Referring Practice"),),
    ),
    Placement(
        "staff", "contact", 1, "user or contact", "Staff without a Dynamics user become contacts (R66, A20).",
        lines=(
            *IDENTITY,
            ("title", "salutation", "text", Kind.TEXT, "Title"),
            ("first_name", "firstname", "text", Kind.TEXT, "First name"),
            ("last_name", "lastname", "text", Kind.TEXT, "Last name"),
            ("email", "emailaddress1", "text", Kind.TEXT, "E-mail"),
            ("phone", "telephone1", "text", Kind.TEXT, "Business phone"),
            ("role", "@StaffRole", "choice", Kind.CHOICE, "Staff role"),
            ("provider_number", "@ProviderNumber", "text", Kind.TEXT, "Provider number"),
            ("started_on", "@StartedOn", "date", Kind.DATE, "Started on"),
            ("left_on", "@LeftOn", "date", Kind.DATE, "Left on"),
            *TIMES,
        ),
        lookups=(("location_id", "@LocationId", ("locations",), "Location"),),
        state_from="active",
        constants=((CONTACT_ROLE, "Role", "Provider"),),
    ),
    Placement(
        "patients", "contact", 2, "one to one", "One contact per patient, whatever they share with others (R29).",
        lines=(
            *IDENTITY,
            ("patient_number", "@PatientNumber", "integer", Kind.INTEGER, "Patient number"),
            ("title", "salutation", "text", Kind.TEXT, "Title"),
            ("first_name", "firstname", "text", Kind.TEXT, "First name"),
            ("middle_name", "middlename", "text", Kind.TEXT, "Middle name"),
            ("last_name", "lastname", "text", Kind.TEXT, "Last name"),
            ("preferred_name", "nickname", "text", Kind.TEXT, "Preferred name"),
            ("gender", "@Gender", "choice", Kind.CHOICE, "Gender"),
            ("date_of_birth", "birthdate", "date", Kind.DATE, "Birthday"),
            ("email", "emailaddress1", "text", Kind.TEXT, "E-mail"),
            ("mobile", "mobilephone", "text", Kind.TEXT, "Mobile phone"),
            ("home_phone", "telephone2", "text", Kind.TEXT, "Home phone"),
            ("work_phone", "telephone1", "text", Kind.TEXT, "Business phone"),
            *ADDRESS,
            ("family_id", "@FamilyId", "text", Kind.TEXT, "Family"),
            ("occupation", "jobtitle", "text", Kind.TEXT, "Occupation"),
            ("marketing_consent", "donotbulkemail", "refuses_marketing", Kind.BOOLEAN, "Do not allow bulk e-mails"),
            ("marketing_consent", "@MarketingConsent", "choice", Kind.BOOLEAN, "Marketing consent"),
            ("reminder_preference", "@ReminderPreference", "choice", Kind.CHOICE, "Reminder preference"),
            ("status", "@PatientStatus", "choice", Kind.CHOICE, "Patient status"),
            ("alert_text", "@Alert", "text", Kind.MEMO, "Alert"),
            *TIMES,
        ),
        lookups=(
            ("provider_id", "@ProviderId", ("staff",), "Provider"),
            ("location_id", "@LocationId", ("locations",), "Location"),
            ("referrer_id", "parentcustomerid", ("referrers", "defaults"), "Account"),
        ),
        owner_from="provider_id",
        state_from="status",
        active_values=("active",),
        constants=((CONTACT_ROLE, "Role", "Patient"),),
    ),
    Placement(
        "appointments", "@DentalAppointment", 3, "one to one",
        "A table of its own: an appointment here must not turn into a calendar event (A6).",
        lines=(
            *IDENTITY,
            ("id", "@Name", "appointment_name", Kind.TEXT, "Name"),
            ("starts_at", "@StartsOn", "instant", Kind.INSTANT, "Starts on"),
            ("duration_minutes", "@DurationMinutes", "integer", Kind.INTEGER, "Duration (minutes)"),
            ("type", "@AppointmentType", "choice", Kind.CHOICE, "Appointment type"),
            ("status", "@AppointmentStatus", "choice", Kind.CHOICE, "Appointment status"),
            ("chair", "@Chair", "text", Kind.TEXT, "Chair"),
            ("reason", "@Reason", "text", Kind.MEMO, "Reason"),
            ("cancelled_reason", "@CancelledReason", "text", Kind.MEMO, "Reason for cancelling"),
            *TIMES,
        ),
        lookups=(
            ("patient_id", "@PatientId", ("patients",), "Patient"),
            ("provider_id", "@ProviderId", ("staff",), "Provider"),
            ("location_id", "@LocationId", ("locations",), "Location"),
        ),
        owner_from="provider_id",
    ),
)  # fmt: skip

CUSTOM_TABLES = {
    "@DentalAppointment": ("DentalAppointment", "Dental Appointment", "Dental Appointments", "@Name"),
}
"""Custom tables: schema name without prefix, label, plural label and the name column."""

ACCOUNT_KINDS = ("Individual Patient", "Practice Location", "Referring Practice", "Insurer")
CONTACT_ROLES = ("Patient", "Provider")
CONSTANT_LABELS = {ACCOUNT_KIND: ACCOUNT_KINDS, CONTACT_ROLE: CONTACT_ROLES}
