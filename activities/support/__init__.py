"""What several steps share: inventory, adoption, removals, eventual consistency, the pages of both consoles."""
