"""A second opinion on a text by an outside model: masking, question, answer. Pure; nothing here talks to anybody."""
