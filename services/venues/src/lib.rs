//! The protocols of the venues: how they authenticate, sign, and what their messages look like.
