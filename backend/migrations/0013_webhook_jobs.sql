-- One job of an endpoint ends all that are due for it (backend/outbox/absorbing.py), and finds them without reading others.
create index jobs_of_endpoint on app.jobs (agency_id, (payload->>'endpoint_id'))
  where kind = 'deliver_webhooks' and state = 'ready';
