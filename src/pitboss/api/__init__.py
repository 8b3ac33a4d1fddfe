"""JSON over HTTP: translate a request, call a room, translate back."""
