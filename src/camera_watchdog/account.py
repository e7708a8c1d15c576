"""The account that this process runs under, by the system's own word for it.

Not by the environment, which anybody may set: an answer on record names who gave it.
"""

import sys

__all__ = ["account_name", "is_in_services_session"]

if sys.platform == "win32":
    import ctypes

    def account_name() -> str:
        """The account's name."""
        size = ctypes.c_ulong(257)  # UNLEN + 1
        name = ctypes.create_unicode_buffer(size.value)
        known = ctypes.windll.advapi32.GetUserNameW(name, ctypes.byref(size))
        return name.value if known else "unknown"

    def is_in_services_session() -> bool:
        """Whether nobody sees a window of this process: session 0 is that of services and tasks."""
        session, kernel32 = ctypes.c_ulong(1), ctypes.windll.kernel32
        kernel32.ProcessIdToSessionId(kernel32.GetCurrentProcessId(), ctypes.byref(session))
        return session.value == 0

else:
    import os
    import pwd

    def account_name() -> str:
        """The account's name; its number where it has none."""
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid {os.getuid()}"

    def is_in_services_session() -> bool:
        """There is no such thing: whoever starts a service has its messages."""
        return False
