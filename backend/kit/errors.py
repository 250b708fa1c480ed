"""Refusals: facts in domain words, each with a stable code that clients may rely on."""


class Refusal(Exception):
    """Tend will not do it, and says why. An answer to a person, never a crash.

    `code` is stable and published in the schema; `path` names the input field, from the argument down.
    """

    code = "REFUSED"

    def __init__(self, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class NotFound(Refusal):
    """Not there, or not yours: the two are never told apart."""

    code = "NOT_FOUND"

    def __init__(self, message: str = "There is nothing here with that id.", *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message, path=path)


class NotAllowed(Refusal):
    code = "NOT_ALLOWED"

    def __init__(self, message: str = "Your role does not allow this.", *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message, path=path)


class Invalid(Refusal):
    """The input itself cannot be accepted."""

    code = "INVALID"


class Conflict(Refusal):
    """The world has moved on since the caller looked."""

    code = "CONFLICT"
