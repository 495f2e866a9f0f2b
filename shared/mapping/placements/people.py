"""Contacts: patients, and staff who are no users; and what hangs on a patient: appointments and insurance."""

from __future__ import annotations

from shared.mapping.placements.lines import (
    ADDRESS,
    CHOICE,
    DATE,
    IDENTITY,
    MEMO,
    TEXT,
    TIME,
    TIMES,
    WHOLE,
    YES_NO,
    Placement,
)

ROLE = "@Role"

STAFF = Placement(
    "staff", "contact", 1, "user or contact", "Staff without a Dynamics user become contacts (R66, A20).",
    lines=(
        *IDENTITY,
        ("title", "salutation", "text", TEXT, "Title"),
        ("first_name", "firstname", "text", TEXT, "First name"),
        ("last_name", "lastname", "text", TEXT, "Last name"),
        ("email", "emailaddress1", "text", TEXT, "E-mail"),
        ("phone", "telephone1", "text", TEXT, "Business phone"),
        ("role", "@StaffRole", "choice", CHOICE, "Staff role"),
        ("provider_number", "@ProviderNumber", "text", TEXT, "Provider number"),
        ("started_on", "@StartedOn", "date", DATE, "Started on"),
        ("left_on", "@LeftOn", "date", DATE, "Left on"),
        *TIMES,
    ),
    lookups=(("location_id", "@LocationId", ("locations",), "Location"),),
    state_from="active",
    constants=((ROLE, "Role", "Provider"),),
)  # fmt: skip

PATIENTS = Placement(
    "patients", "contact", 2, "one to one", "One contact per patient, whatever they share with others (R29).",
    lines=(
        *IDENTITY,
        ("patient_number", "@PatientNumber", "integer", WHOLE, "Patient number"),
        ("title", "salutation", "text", TEXT, "Title"),
        ("first_name", "firstname", "text", TEXT, "First name"),
        ("middle_name", "middlename", "text", TEXT, "Middle name"),
        ("last_name", "lastname", "text", TEXT, "Last name"),
        ("preferred_name", "nickname", "text", TEXT, "Preferred name"),
        ("gender", "@Gender", "choice", CHOICE, "Gender"),
        ("date_of_birth", "birthdate", "date", DATE, "Birthday"),
        ("email", "emailaddress1", "text", TEXT, "E-mail"),
        ("mobile", "mobilephone", "text", TEXT, "Mobile phone"),
        ("mobile", "@MobileE164", "e164", TEXT, "Mobile phone (E.164)"),
        ("home_phone", "telephone2", "text", TEXT, "Home phone"),
        ("home_phone", "@HomePhoneE164", "e164", TEXT, "Home phone (E.164)"),
        ("work_phone", "telephone1", "text", TEXT, "Business phone"),
        ("work_phone", "@WorkPhoneE164", "e164", TEXT, "Business phone (E.164)"),
        *ADDRESS,
        ("family_id", "@FamilyId", "text", TEXT, "Family"),
        ("occupation", "jobtitle", "text", TEXT, "Occupation"),
        ("marketing_consent", "donotbulkemail", "contact_donotbulkemail", YES_NO, "Do not allow bulk e-mails"),
        ("marketing_consent", "donotbulkpostalmail", "contact_donotbulkpostalmail", YES_NO, "Do not allow bulk mails"),
        ("marketing_consent", "donotsendmm", "contact_donotsendmm", YES_NO, "Send no marketing material"),
        ("reminder_preference", "donotemail", "contact_donotemail", YES_NO, "Do not allow e-mails"),
        ("reminder_preference", "donotphone", "contact_donotphone", YES_NO, "Do not allow phone calls"),
        ("status", "donotpostalmail", "contact_donotpostalmail", YES_NO, "Do not allow mails"),
        ("marketing_consent", "@MarketingConsent", "choice", YES_NO, "Marketing consent"),
        ("reminder_preference", "@ReminderPreference", "choice", CHOICE, "Reminder preference"),
        ("medicare_number", "@MedicareNumber", "government", TEXT, "Medicare number"),
        ("dva_number", "@DvaNumber", "government", TEXT, "DVA number"),
        ("status", "@PatientStatus", "choice", CHOICE, "Patient status"),
        ("alert_text", "@Alert", "text", MEMO, "Alert"),
        ("insurance.carrier", "@InsuranceCarrier", "text", TEXT, "Insurance carrier"),
        ("insurance.policy_number", "@PolicyNumber", "text", TEXT, "Policy number"),
        ("insurance.group_number", "@GroupNumber", "text", TEXT, "Group number"),
        ("insurance.coverage_type", "@CoverageType", "choice", CHOICE, "Coverage type"),
        *TIMES,
    ),
    lookups=(
        ("provider_id", "@ProviderId", ("staff",), "Provider"),
        ("location_id", "@LocationId", ("locations",), "Location"),
        ("referrer_id", "parentcustomerid", ("referrers", "defaults"), "Account"),
        ("insurance.carrier", "@PayerId", ("payers",), "Insurer"),
    ),
    owner_from="provider_id",
    state_from="status",
    active_values=("active",),
    constants=((ROLE, "Role", "Patient"),),
)  # fmt: skip

APPOINTMENTS = Placement(
    "appointments", "@DentalAppointment", 3, "one to one",
    "A table of its own: an appointment here must not turn into a calendar event (A6).",
    lines=(
        *IDENTITY,
        ("id", "@Name", "appointment_name", TEXT, "Name"),
        ("starts_at", "@StartsOn", "instant", TIME, "Starts on"),
        ("duration_minutes", "@DurationMinutes", "integer", WHOLE, "Duration (minutes)"),
        ("type", "@AppointmentType", "choice", CHOICE, "Appointment type"),
        ("status", "@AppointmentStatus", "choice", CHOICE, "Appointment status"),
        ("chair", "@Chair", "text", TEXT, "Chair"),
        ("reason", "@Reason", "text", MEMO, "Reason"),
        ("cancelled_reason", "@CancelledReason", "text", MEMO, "Reason for cancelling"),
        *TIMES,
    ),
    lookups=(
        ("patient_id", "@PatientId", ("patients",), "Patient"),
        ("provider_id", "@ProviderId", ("staff",), "Provider"),
        ("location_id", "@LocationId", ("locations",), "Location"),
    ),
    owner_from="provider_id",
)  # fmt: skip

INSURANCE_POLICIES = Placement(
    "insurance_policies", "@Insurance", 3, "one to one",
    "A table of its own, because somebody has several policies; the contact shows the primary one (A10, R81).",
    lines=(
        *IDENTITY,
        ("policy_number", "@Name", "policy_name", TEXT, "Name"),
        ("carrier", "@InsuranceCarrier", "text", TEXT, "Insurance carrier"),
        ("policy_number", "@PolicyNumber", "text", TEXT, "Policy number"),
        ("group_number", "@GroupNumber", "text", TEXT, "Group number"),
        ("coverage_type", "@CoverageType", "choice", CHOICE, "Coverage type"),
        ("priority", "@Priority", "integer", WHOLE, "Priority"),
        ("subscriber_name", "@SubscriberName", "text", TEXT, "Subscriber"),
        ("relationship", "@Relationship", "choice", CHOICE, "Relationship to subscriber"),
        ("valid_from", "@ValidFrom", "date", DATE, "Valid from"),
        ("valid_to", "@ValidTo", "date", DATE, "Valid to"),
        *TIMES,
    ),
    lookups=(
        ("patient_id", "@PatientId", ("patients",), "Patient"),
        ("carrier", "@PayerId", ("payers",), "Insurer"),
    ),
    state_from="active",
)  # fmt: skip

ROLES = ("Patient", "Provider")
