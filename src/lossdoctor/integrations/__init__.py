"""Where lossdoctor meets other programs. Each is imported only when it is used."""
