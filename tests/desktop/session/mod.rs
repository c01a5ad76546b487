//! A desktop on a screen of its own, and the eyes and hands of the test on it.

pub(crate) mod accessible;
pub(crate) mod desk;
pub(crate) mod notifications;
pub(crate) mod packages;
pub(crate) mod picture;
pub(crate) mod program;
pub(crate) mod screen;
