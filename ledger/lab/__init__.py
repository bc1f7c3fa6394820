"""The rehearsal: a reference scheduler, a local Prometheus and a local Alertmanager, all on loopback."""
