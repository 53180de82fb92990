module cloudburst.federation/lab/openshift

go 1.24.0

// Only its definitions of types are used.
require github.com/openshift/api v0.0.0-20251015095338-264e80a2b6e7
