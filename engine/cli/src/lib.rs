//! The `reprise` command line, as a library so that a user crate can add its own strategies.
