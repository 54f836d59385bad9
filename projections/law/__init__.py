"""The law as data: packs with in-force dates, calendars, and due dates that explain themselves. Pure: no clock."""
