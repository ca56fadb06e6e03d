"""The subcommands of ``ioc``, one a module; each offers ``command``, and only ``ioc.cli`` puts them together."""
