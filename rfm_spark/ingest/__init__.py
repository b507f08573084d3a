"""From the files of many sources to clean lines of one shape, each with its member id or its reasons."""
