"""The set-up guide: everything the target needs, spelled out for a person who will make or check it by hand.

Apart from `shared.schema` because that compares and this explains: one document, shown as JSON, Markdown and a page.
"""
