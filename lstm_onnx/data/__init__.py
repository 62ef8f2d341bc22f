"""What a person has becomes typed columns and arrays."""
