"""The town's identity: tokens signed with one shared key, and the App Service endpoint that hands them out."""
