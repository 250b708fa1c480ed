-- What the platform thinks of a member: 0 to 4 as Discourse counts, 5 for its staff; null where it says nothing.
alter table app.members add column trust_level integer check (trust_level between 0 and 5);
