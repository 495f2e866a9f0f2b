"""The words a clinic is grown from: people, streets and suburbs as they occur in Sydney and around.

Mail domains are reserved for examples. Telephone numbers only have the right shape and may belong to somebody.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE = _words(
    "Charlotte Olivia Amelia Isla Mia Ava Grace Chloe Ruby Zoe Sophie Emily Hannah Priya Mei Linh Fatima Aisha "
    "Nadia Elena Giulia Sofia Ingrid Siobhán Niamh Margaret Patricia Jennifer Karen Susan Helen Judith Dorothy "
    "Joan Beryl Wendy Kylie Tahlia Jasmine Lakshmi Ananya Yuki Hana Leilani Aroha Kirra Marlee Rosa Carmen "
    "Beatriz Zeynep Mariam Layla Noor Thi-Mai Eun-ji Agnieszka Katarzyna Ljubica Eleni"
)
MALE = _words(
    "Oliver Noah Jack William Leo Henry Thomas Lucas Ethan Liam Hugo Archie James Daniel Benjamin Arjun Rohan Wei "
    "Minh Ahmed Omar Yusuf Marco Luca Matteo Lars Declan Seán Robert Kevin Graham Peter John David Michael Bruce "
    "Neville Keith Trevor Darren Jayden Koa Jarrah Tane Rajesh Vikram Kenji Hiro Mateo Diego José Emre Hassan "
    "Karim Duc Min-jun Piotr Goran Nikos Dimitri"
)
LAST = _words(
    "Smith Jones Williams Brown Wilson Taylor Johnson White Martin Anderson Thompson Nguyen Walker Harris Lee "
    "Ryan Robinson Kelly King Davis Wright Evans Roberts Green Hall Wood Jackson Clarke Patel Khan Lewis James "
    "Phillips Mason Mitchell Rose Davies Rodriguez Cox Alexander Singh Kaur Chen Wang Li Zhang Tran Le Pham Huynh "
    "Kim Park Choi Tanaka Suzuki Rossi Russo Ferrari Esposito Romano Papadopoulos Georgiou Nikolaidis Müller "
    "Schmidt Weber Kowalski Nowak Horvat Petrović Haddad Khoury Nasser Rahman Ahmed Hussain Fernando Perera Silva "
    "Santos Reyes Garcia Cohen Levy Murphy Walsh Byrne Doyle Campbell Stewart MacDonald McKenzie Fraser Murray "
    "Gibson Hughes Morgan Powell Price Bennett Cooper Ward Turner Parker Collins Edwards Stewart-Reid Tui Faleolo "
    "Tamihana Nakamura Okafor Mensah Botha Naidoo"
)
APOSTROPHES = ("O'Brien", "D'Angelo", "O’Sullivan", "N'Diaye", "M'Gregor", "O'Shea-D'Arcy", "Te'o", "'t Hooft")
EMOJI = (
    ("Ruby 🌸", "Bloom"),
    ("Max", "Power 💪🏽"),
    ("👨‍👩‍👧‍👦 Alex", "Nguyen"),
    ("Zara 🇦🇺", "Hill"),
    ("Tom", "Smith 🦷🪥"),
)
RIGHT_TO_LEFT = (
    ("نور", "الخطيب"),
    ("محمد علي", "حداد"),
    ("שירה", "כהן"),
    ("یاسمین", "رضایی"),
    ("Layla ليلى", "Haddad"),
)
OTHER_SCRIPTS = (
    ("美玲", "王"),
    ("Nguyễn Thị", "Ánh Tuyết"),
    ("Ζωή", "Παππά"),
    ("Zoe\u0308", "Mu\u0308ller"),  # decomposed: two characters, one letter
    ("ß", "Ø"),
)

STREETS = _words(
    "George Pitt Elizabeth Oxford Crown Albion Bourke Cleveland Marrickville Illawarra Enmore Darling Victoria "
    "Macquarie Pacific Military Spit Bridge Church Station High Beach Park Railway Wattle Banksia Waratah "
    "Boomerang Kookaburra Captain-Cook"
)
STREET_KINDS = _words("Street Street Street Road Road Avenue Lane Parade Crescent Highway Close")
SUBURBS = (
    *(("Newtown", "NSW", "2042"), ("Marrickville", "NSW", "2204"), ("Balmain", "NSW", "2041")),
    *(("Parramatta", "NSW", "2150"), ("Chatswood", "NSW", "2067"), ("Bondi Junction", "NSW", "2022")),
    *(("Manly", "NSW", "2095"), ("Hurstville", "NSW", "2220"), ("Blacktown", "NSW", "2148")),
    *(("Cronulla", "NSW", "2230"), ("Penrith", "NSW", "2750"), ("Wollongong", "NSW", "2500")),
    *(("Mona Vale", "NSW", "2103"), ("Dee Why", "NSW", "2099"), ("Auburn", "NSW", "2144")),
    *(("Surry Hills", "NSW", "2010"), ("Glebe", "NSW", "2037"), ("Ryde", "NSW", "2112")),
    *(("Queanbeyan", "NSW", "2620"), ("Braddon", "ACT", "2612"), ("Fitzroy", "VIC", "3065")),
    *(("South Brisbane", "QLD", "4101"), ("Darwin City", "NT", "0800"), ("Fremantle", "WA", "6160")),
    *(("Glenelg", "SA", "5045"), ("Sandy Bay", "TAS", "7005"), ("St Kilda", "VIC", "3182")),
)
NEARBY = SUBURBS[:19]
OCCUPATIONS = (
    *("Teacher", "Nurse", "Electrician", "Barista", "Software engineer", "Retired", "Student", "Carpenter"),
    *("Accountant", "Bus driver", "Chef", "Solicitor", "Police officer", "Farmer", "Home duties", "Plumber & gas"),
)
INTERESTS = (
    *("Surfing, gardening", "Collingwood supporter; do not mention the grand final", "Choir on Thursdays"),
    *('Reads "Winnetou" aloud, in German', "Lawn bowls\nGrandchildren", "Cricket = life", "Cycling; 2 dogs, 1 cat"),
)
ALERTS = (
    *("Allergic to penicillin", "Latex allergy", "Premedication needed", "Very nervous: allow extra time"),
    *("Interpreter needed (Vietnamese)", "Warfarin; check INR before extractions", 'Prefers "no small talk"'),
)
REASONS = (
    *("Six-month recall", "Broken filling, upper left", "Sensitive to cold", "Wisdom tooth pain since Friday"),
    *("New patient examination", "Crown fit 46", "Chipped front tooth (netball)", "Invisalign review #4", "Mouthguard"),
)
CANCELLED_REASONS = ("Unwell", "Work", "Could not get child care", "Car broke down", "Moved to another practice")
SURGERY_KINDS = ("Dental", "Dental Care", "Family Medical Practice", "Orthodontics", "Oral Surgery", "Medical Centre")

MAIL_DOMAINS = ("example.com", "example.net", "example.org", "mail.example", "post.example")
PRACTICE_DOMAIN = "harbourlanedental.example"
PRACTICE_NAME = "Harbour Lane Dental"
