/** Whether what is lost could be restored. */
import type { Dashboard } from "./panel.ts";
import { gauge, query } from "./queries.ts";

export const backups: Dashboard = {
  name: "backups",
  title: "backups",
  panels: [
    {
      title: "Age of the last backup",
      about: "BackupTooOld fires at 26 h.",
      unit: "s",
      isNumber: true,
      redFrom: 26 * 3600,
      queries: [query(`time() - max(${gauge("rag_backup_last_success_timestamp_seconds")})`, "age")],
    },
    {
      title: "Age of the last drill",
      about: "DrillTooOld fires after eight days.",
      unit: "s",
      isNumber: true,
      redFrom: 8 * 86_400,
      queries: [query(`time() - max(${gauge("rag_drill_last_success_timestamp_seconds")})`, "age")],
    },
    {
      title: "Time to restore",
      about: "As the last drill measured it.",
      unit: "s",
      isNumber: true,
      queries: [query(`max(${gauge("rag_drill_rto_seconds")})`, "RTO")],
    },
    {
      title: "Data lost",
      about: "As the last drill measured it.",
      unit: "s",
      isNumber: true,
      queries: [query(`max(${gauge("rag_drill_rpo_seconds")})`, "RPO")],
    },
    {
      title: "Disk left",
      about: "DiskNearlyFull fires below a tenth and 5 GB.",
      unit: "percentunit",
      isNumber: true,
      queries: [query(`min(${gauge("rag_disk_free_bytes")} / ${gauge("rag_disk_size_bytes")})`, "left")],
    },
    {
      title: "Age of backup and drill",
      unit: "s",
      queries: [
        query(`time() - max(${gauge("rag_backup_last_success_timestamp_seconds")})`, "backup"),
        query(`time() - max(${gauge("rag_drill_last_success_timestamp_seconds")})`, "drill"),
      ],
    },
    {
      title: "What drills measured",
      unit: "s",
      queries: [query(`max(${gauge("rag_drill_rto_seconds")})`, "RTO"), query(`max(${gauge("rag_drill_rpo_seconds")})`, "RPO")],
    },
    {
      title: "Disk of the data folder",
      unit: "bytes",
      queries: [query(gauge("rag_disk_free_bytes"), "free {{instance}}"), query(gauge("rag_disk_size_bytes"), "size {{instance}}")],
    },
  ],
};
