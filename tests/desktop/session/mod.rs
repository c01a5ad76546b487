//! A desktop on a screen of its own, with functions to read it and to use its mouse.

pub(crate) mod accessible;
pub(crate) mod desk;
pub(crate) mod notifications;
pub(crate) mod packages;
pub(crate) mod picture;
pub(crate) mod program;
pub(crate) mod screen;
