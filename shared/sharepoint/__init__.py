"""The library shore: large files in a SharePoint document library, by way of Microsoft Graph."""
