"""Who works here and for which clients: sign-in, invitations, memberships, machines."""
