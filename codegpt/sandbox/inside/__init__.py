"""Programs that run inside the jail: standard library only, and as little of that as will do, since each run pays."""
