//! Wiring: tasks, channels, and the order of start and stop.
