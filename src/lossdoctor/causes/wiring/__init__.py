"""The causes of this family, one file each."""
