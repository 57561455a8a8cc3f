"""A look ahead: the calendar that one person would live over all sequences, by the rules that send their real mail."""
