"""Who Tend is measured against: SQL by hand, stock Strawberry, PostGraphile."""
