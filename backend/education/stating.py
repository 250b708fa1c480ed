"""What a client's LMS hears: where somebody is with a course, as xAPI (https://github.com/adlnet/xAPI-Spec, 1.0.3)."""

from types import MappingProxyType
from typing import Final

VERBS: Final = MappingProxyType(
    {
        "enrolled": "http://adlnet.gov/expapi/verbs/registered",
        "in_progress": "http://adlnet.gov/expapi/verbs/initialized",
        "completed": "http://adlnet.gov/expapi/verbs/completed",
        "withdrawn": "https://w3id.org/xapi/adl/verbs/abandoned",
    }
)

# SQL about a row of enrolments. The same state has the same id, so that an LMS that hears of it twice keeps one.
XAPI: Final = f"""jsonb_build_object(
    'id', md5({{row}}.id::text || {{row}}.state)::uuid,
    'actor', jsonb_build_object('objectType', 'Agent', 'account', jsonb_build_object('homePage', 'urn:tend', 'name',
        coalesce('member_' || {{row}}.member_id, 'staff_' || {{row}}.membership_id))),
    'verb', jsonb_build_object('id', case {{row}}.state {" ".join(f"when '{state}' then '{verb}'" for state, verb in VERBS.items())} end),
    'object', jsonb_build_object('objectType', 'Activity', 'id', 'urn:uuid:' || {{row}}.course_id, 'definition',
        jsonb_build_object('type', 'http://adlnet.gov/expapi/activities/course')),
    'timestamp', to_char(coalesce({{row}}.ended_at, {{row}}.started_at, {{row}}.enrolled_at) at time zone 'UTC',
                         'YYYY-MM-DD"T"HH24:MI:SS"Z"'))"""
