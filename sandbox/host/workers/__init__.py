"""The half of Azure that runs the app's code: the real worker library where it exists, an own invoker elsewhere."""
