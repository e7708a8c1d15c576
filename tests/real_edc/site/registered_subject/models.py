"""The four columns that 0.1 compares with what the camera sends."""

from django.db import models


class RegisteredSubject(models.Model):
    """A subject of the trial."""

    subject_identifier = models.CharField(max_length=50, unique=True)
    initials = models.CharField(max_length=10)
    gender = models.CharField(max_length=1)
    dob = models.DateField()

    def __str__(self) -> str:
        return self.subject_identifier
