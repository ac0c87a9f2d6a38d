package pgtest

// RequireInstallation skips a test that needs binaries before it does anything else.
var RequireInstallation = requireInstallation
