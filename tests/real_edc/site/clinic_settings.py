"""Django settings of a clinic's EDC on SQLite, for every release of edc-retinopathy.

Runs in the environment of the release, not in that of the tests. ``REAL_EDC_DATA`` names the folder
with the database, the keys and the files; ``REAL_EDC_SETTINGS`` is a JSON object of settings that
replace these.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
DATA_DIR = Path(os.environ["REAL_EDC_DATA"])

SECRET_KEY = "of a server that exists for one test run"
DEBUG = False
# Tests put proxies between, which answer under other names.
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "clinic_urls"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
APP_NAME = "clinic"
REVISION = "1"
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

EDC_RETINOPATHY_STORAGE_DIR = str(DATA_DIR / "storage")

_DJANGO_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.admin",
    "rest_framework",
    "rest_framework.authtoken",
]

if find_spec("edc_registration"):
    INSTALLED_APPS = [
        *_DJANGO_APPS,
        "simple_history",
        "multisite",
        "django_crypto_fields.apps.AppConfig",
        "django_revision.apps.AppConfig",
        "edc_sites.apps.AppConfig",
        "edc_device.apps.AppConfig",
        "edc_registration.apps.AppConfig",
        "edc_retinopathy.apps.AppConfig",
    ]
    EDC_REGISTRATION_REGISTERED_SUBJECT_MODEL = "edc_registration.registeredsubject"
    # Any model: the API never looks at them, the packages only want to find one.
    SUBJECT_VISIT_MODEL = EDC_REGISTRATION_REGISTERED_SUBJECT_MODEL
    SUBJECT_CONSENT_MODEL = EDC_REGISTRATION_REGISTERED_SUBJECT_MODEL
    SUBJECT_SCREENING_MODEL = EDC_REGISTRATION_REGISTERED_SUBJECT_MODEL
else:  # 0.1 came before clinicedc: the project brings a table of subjects of its own
    INSTALLED_APPS = [*_DJANGO_APPS, "registered_subject", "edc_retinopathy.apps.AppConfig"]
    EDC_REGISTRATION_REGISTERED_SUBJECT_MODEL = "registered_subject.registeredsubject"

AUTO_CREATE_KEYS = True
DJANGO_CRYPTO_FIELDS_KEY_PATH = str(DATA_DIR / "keys")
ETC_DIR = str(DATA_DIR / "etc")
DJANGO_REVISION_IGNORE_WORKING_DIR = True
EDC_AUTH_SKIP_SITE_AUTHS = True
EDC_AUTH_SKIP_AUTH_UPDATER = True
EDC_SITES_REGISTER_DEFAULT = True
MULTISITE_REGISTER_POST_MIGRATE_SYNC_ALIAS = False


class _NoMigrations:
    """Makes every app look as if it had none: the tables come straight from the models."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


MIGRATION_MODULES = _NoMigrations()

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(DATA_DIR / "db.sqlite3"),
        "OPTIONS": {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

globals().update(json.loads(os.environ.get("REAL_EDC_SETTINGS", "{}")))
