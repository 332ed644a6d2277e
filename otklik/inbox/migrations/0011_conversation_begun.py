from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0010_orders_by_labels"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=Q(merged_into=None),
                fields=["organisation", "created_at"],
                name="conversation_begun",
            ),
        ),
    ]
