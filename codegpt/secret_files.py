"""Files that hold secrets, by their names: no jail shows them, and no prompt holds a word of them."""

import re
from fnmatch import translate

SECRETS = (
    *(".env*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.kdbx", "*.keystore", "*.jks"),
    *(
        "id_rsa*",
        "id_dsa*",
        "id_ecdsa*",
        "id_ed25519*",
        "credentials*",
        "secret.*",
        "secrets.*",
        "service-account*.json",
    ),
    *("*.tfstate", "*.tfstate.*", "*.tfvars", "kubeconfig", ".vault-token"),
    *(".git", ".hg", ".svn", ".ssh", ".gnupg", ".aws", ".azure", ".gcloud", ".kube", ".docker"),
    *(".netrc", "_netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".htpasswd"),
)
_SECRET = re.compile("|".join(map(translate, SECRETS)))


def is_secret(name: str) -> bool:
    """Whether a file of this name is taken for a secret."""
    return _SECRET.match(name.lower()) is not None
