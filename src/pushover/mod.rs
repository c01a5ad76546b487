//! The service's own API: REST and websocket.
