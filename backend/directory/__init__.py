"""The agency's own directory (Entra, Okta): who it says works here, in which groups, and what those mean."""

from backend.directory.grouping import (
    GroupSaid,
    change_group,
    create_group,
    delete_group,
    group_held,
    members_among,
)
from backend.directory.mapping import map_group
from backend.directory.models import DirectoryGroup, DirectoryGroupMember, DirectoryGroupWorkspace
from backend.directory.provisioning_people import Said, Taken, change, held, provision, remove
from backend.directory.searching import (
    GROUP_COLUMNS,
    PERSON_COLUMNS,
    Column,
    Condition,
    Group,
    Order,
    Person,
    Several,
    group,
    groups,
    people,
    person,
)

__all__ = [
    "GROUP_COLUMNS",
    "PERSON_COLUMNS",
    "Column",
    "Condition",
    "DirectoryGroup",
    "DirectoryGroupMember",
    "DirectoryGroupWorkspace",
    "Group",
    "GroupSaid",
    "Order",
    "Person",
    "Said",
    "Several",
    "Taken",
    "change",
    "change_group",
    "create_group",
    "delete_group",
    "group",
    "group_held",
    "groups",
    "held",
    "map_group",
    "members_among",
    "people",
    "person",
    "provision",
    "remove",
]
