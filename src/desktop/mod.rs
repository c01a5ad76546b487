//! What this program needs of a desktop.
