"""The Explore API's refusals: statuses and bodies as recorded from live portals."""

from collections.abc import Mapping


class RefusalError(Exception):
    """A request that is answered with an error: its HTTP ``status`` and JSON ``body``."""

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


def malformed(why: str) -> RefusalError:
    """400: the ODSQL of ``where``, ``select``, ``group_by``, ``order_by`` or ``refine`` is not valid."""
    return RefusalError(400, {"error_code": "ODSQLError", "message": f"ODSQL query is malformed: {why}"})


def unknown_field(name: str) -> RefusalError:
    """400: ODSQL that names a field the dataset lacks."""
    return malformed(f"Unknown field: {name}")


def invalid(parameter: str, value: object, expected: str) -> RefusalError:
    """400: a parameter outside its range."""
    message = f"Invalid value for {parameter} API parameter: {value} was found but {expected} is expected."
    return RefusalError(400, {"error_code": "InvalidRESTParameterError", "message": message})


def over_cap(rows: int) -> RefusalError:
    """400: rows beyond the 10,000 that paging reaches."""
    return invalid("sum of offset + limit", rows, "<= 10000")


def unknown_dataset(dataset_id: str) -> RefusalError:
    """404: no such dataset; the status is the live one's, the message is made up (none was recorded)."""
    return RefusalError(404, {"error_code": "UnknownDatasetError", "message": f"Unknown dataset: {dataset_id}"})


def forbidden() -> RefusalError:
    """403: not allowed; the body is that of a live portal for a client without a key."""
    return RefusalError(403, {"error_code": "ForbiddenAccess"})


def interruption(refusal: RefusalError) -> str:
    """The line of text in a 200 stream that an error has interrupted."""
    message, code = refusal.body["message"], refusal.body["error_code"]
    return f"Streaming interrupted due to the following error: {message} (error_code: {code})"


def too_many(reset_time: str, unit: str, limit: int, *, anonymous: bool = False) -> dict[str, object]:
    """The body of a 429: error 10002, the quota of the domain, or 10005, that of clients without a key."""
    domain = "Too many requests on the domain. Please contact the domain administrator."
    return {
        "errorcode": 10005 if anonymous else 10002,
        "reset_time": reset_time,
        "limit_time_unit": unit,
        "call_limit": limit,
        "error": "You have exceeded the requests limit for anonymous users." if anonymous else domain,
    }
