-- Where the trace goes on in which a job was asked for (W3C Trace Context); null where none was made.
alter table app.jobs add column traceparent text
  check (traceparent ~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');
