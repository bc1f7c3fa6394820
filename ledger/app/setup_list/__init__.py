"""What a new installation is to be given before its first night, each with what was seen of it: ``stage4 setup``."""
