"""Reports for people: documents as pages that work offline and print well, and as sheets for a spreadsheet."""
