import io.delta.storage.LocalLogStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The log store of local files, which counts the commits of all tables and fails at one of them, or at each.
 *
 * <p>RFM_TEST_MOMENT says how: "before" and "after" kill the driver and this machine around the commit
 * RFM_TEST_COMMIT; "reply lost" writes every commit and then reports an error; "reply repeated" writes every commit
 * and then says that it was there already, as a store does whose client asked twice; "none" only counts. What was
 * done is told line by line in RFM_TEST_DIARY.
 */
public class HaltingLogStore extends LocalLogStore {
  private static final AtomicInteger COMMITS = new AtomicInteger();
  private static final String MOMENT = System.getenv("RFM_TEST_MOMENT");
  private static final int COMMIT = Integer.parseInt(System.getenv("RFM_TEST_COMMIT"));

  public HaltingLogStore(Configuration conf) {
    super(conf);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration conf) throws IOException {
    boolean isCommit = path.getParent().getName().equals("_delta_log") && path.getName().matches("\\d{20}\\.json");
    if (!isCommit) {
      super.write(path, actions, overwrite, conf);
      return;
    }
    int number = COMMITS.incrementAndGet();
    String commit = number + "\t" + path.getParent().getParent().getName() + "\t" + path.getName();
    note("commit\t" + commit);
    haltAt("before", number, commit);
    super.write(path, actions, overwrite, conf);
    haltAt("after", number, commit);
    if (MOMENT.equals("reply lost")) {
      note("lost\t" + commit);
      throw new IOException("the reply was lost");
    }
    if (MOMENT.equals("reply repeated")) {
      note("repeated\t" + commit);
      throw new FileAlreadyExistsException(path.toString());
    }
  }

  private static void haltAt(String moment, int number, String commit) throws IOException {
    if (MOMENT.equals(moment) && number == COMMIT) {
      note(moment + "\t" + commit + "\t" + ProcessHandle.current().pid());
      // The Python process goes first, so that it cannot tidy up after this one.
      ProcessHandle.of(Long.parseLong(System.getenv("RFM_TEST_DRIVER"))).ifPresent(ProcessHandle::destroyForcibly);
      Runtime.getRuntime().halt(137);
    }
  }

  private static void note(String line) throws IOException {
    byte[] text = (line + "\n").getBytes(StandardCharsets.UTF_8);
    Files.write(
        Paths.get(System.getenv("RFM_TEST_DIARY")), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
}
