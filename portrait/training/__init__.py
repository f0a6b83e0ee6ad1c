"""How the weights are made. Nothing that serves a portrait imports from here."""
