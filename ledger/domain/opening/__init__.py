"""Opening: the ticket, the window, the confirmation, the emergency."""
