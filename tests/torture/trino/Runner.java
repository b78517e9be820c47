import io.trino.Session;
import io.trino.plugin.hive.HivePlugin;
import io.trino.testing.DistributedQueryRunner;
import io.trino.testing.TestingSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Runs the statements of a script on a Trino of one process, whose files lie in a folder: FOLDER SCRIPT. */
public class Runner {
    public static void main(String[] given) throws Exception {
        Session session = TestingSession.testSessionBuilder().setCatalog("hive").setSchema("costack").build();
        try (DistributedQueryRunner trino = DistributedQueryRunner.builder(session).setWorkerCount(0).build()) {
            trino.installPlugin(new HivePlugin());
            trino.createCatalog("hive", "hive", Map.of(
                    "hive.metastore", "file",
                    "hive.metastore.catalog.dir", "local:///metastore",
                    "hive.metastore.disable-location-checks", "true",
                    "fs.native-local.enabled", "true",
                    "local.location", given[0],
                    "hive.security", "allow-all"));
            for (String statement : Files.readString(Path.of(given[1])).split(";\n")) {
                if (!statement.replaceAll("(?m)^--.*$", "").isBlank()) {
                    trino.execute(statement.strip());
                }
            }
        }
        System.exit(0);
    }
}
